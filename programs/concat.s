; Two branches into one word: two 1x1 convolutions of 32 channels, of 40 and of 24 outputs, are the 64 channels of y.
;
; The first branch writes channels 0 to 39 of every word (tail=40) and leaves the others as they are; the second one
; writes its 24 behind them (shift=40, tail=24). Concatenation is no pass of its own.
;
; Both take the same pixels. The buffer keeps them after the first branch (keep=yes): they are fetched once.
;
;   memory    words 0-15 the image, 4 x 4 pixels; words 16-31 y
;
;   token     made by    taken by   it says
;   t0        host_in    read       the image is in memory
;   t1        write      host_out   y is in memory
;   t2        host_out   host_in    y has left: the words may be used again       (one to begin with)

        .program concat
        .chip   acortex_digits

        .equ    PIXELS, 4 * 4
        .equ    IN, 32
        .equ    FIRST, 40
        .equ    SECOND, 24

        .input  x, shape=32x4x4
        .output y, shape=64x4x4
        .weights a, 32x40, file="examples.npz", key=concat_a
        .weights b, 32x24, file="examples.npz", key=concat_b
        .samples x, file="examples.npz", key=concat_x

        group   g0, IN, FIRST
        rect    g0, column=0, row=0
        program g0, a
        group   g1, IN, SECOND
        rect    g1, column=1, row=0
        program g1, b
        quant   q0, 1, 5, activation=relu
        start

        connect g0
        connect g1
        base    d0, 0
        dim     d0, 0, PIXELS
        base    d1, PIXELS
        dim     d1, 0, PIXELS
        base    d2, PIXELS                      ; as `write` walks: axis 0 the words of a pixel, here one
        dim     d2, 1, PIXELS

        signal  host_out, t2
        loop    l0, host
image:  inference l0
        await   host_in, t2
        input   x, d0
        signal  host_in, t0

        layer   first
        await   read, t0
        read    d0
        feed    PIXELS, 1, tail=IN, keep=yes
        multiply g0, PIXELS
        convert q0, PIXELS
        write   d2, tail=FIRST

        layer   second
        feed    PIXELS, 1, tail=IN
        multiply g1, PIXELS
        convert q0, PIXELS
        write   d2, shift=FIRST, tail=SECOND
        signal  write, t1
        endlayer

        await   host_out, t1
        output  y, d1
        signal  host_out, t2
        endinference
        next    l0, image
        halt
