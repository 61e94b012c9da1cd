; A residual block: y = clip(relu(round((3 * c + 2 * x) / 4)), 0, 15), where c = clip(round(conv(x) / 2^6) + 8, 0, 15) - 8.
;
; The addition is on the way of the convolution's codes to memory: they go through the vector agent (to=vector), where x
; waits in the operand queue. It comes through the operand agent, while the read agent still fetches windows: neither
; stands in the other's way, however large the layer is.
;
;   memory    words 0-35 x, 6 x 6 pixels of 32 channels; words 36-71 y
;
;   token     made by    taken by   it says
;   t0        host_in    read       x is in memory
;   t1        host_in    operand    the same, to the other agent
;   t2        write      host_out   y is in memory
;   t3        host_out   host_in    y has left: the words may be used again       (one to begin with)

        .program residual
        .chip   acortex_resnet

        .equ    SIDE, 6
        .equ    PIXELS, SIDE * SIDE
        .equ    CHANNELS, 32

        .input  x, shape=32x6x6
        .output y, shape=32x6x6
        .weights w, 288x32, file="examples.npz", key=residual_w
        .samples x, file="examples.npz", key=residual_x

        group   g0, 9 * CHANNELS, CHANNELS
        rect    g0, column=0, row=0, height=9 * CHANNELS /^ 64
        program g0, w
        quant   q0, 1, 6, zero=8                ; of the convolution: its codes have a sign
        quant   q1, 3, 2, activation=relu       ; of the sum: three quarters of c
        quant   q2, 2, 0, activation=relu       ; and two quarters of x; only the factor is used
        start

        connect g0
        base    d0, 0
        dim     d0, axis=1, extent=SIDE
        dim     d0, axis=2, extent=SIDE, stride=SIDE
        base    d1, 0
        dim     d1, axis=0, extent=PIXELS
        base    d2, PIXELS
        dim     d2, axis=0, extent=PIXELS
        window  w0, 3, 3, SIDE
        border  w0, SIDE, SIDE, top=1, left=1

        signal  host_out, t3
        loop    l0, host
image:  inference l0
        await   host_in, t3
        input   x, d1
        signal  host_in, t0
        signal  host_in, t1

        layer   block
        await   read, t0
        await   operand, t1
        fetch   d0, w0
        operand d1
        slide   d0, w0, tail=CHANNELS, dense=yes
        multiply g0, PIXELS
        convert q0, PIXELS, to=vector
        add     q1, q2, PIXELS, zero_a=8
        write   d2, source=vector
        signal  write, t2
        endlayer

        await   host_out, t2
        output  y, d2
        signal  host_out, t3
        endinference
        next    l0, image
        halt
