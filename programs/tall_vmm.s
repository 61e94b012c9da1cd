; A matrix taller than a column of arrays: y = clip(round(x @ w / 2^8) + 8, 0, 15), 600 inputs, 32 outputs.
;
; 600 rows take ten arrays, and a column of this chip has eight. The group's second rectangle goes on in the next column;
; the analog buses join the currents of both, across the chip's middle, and the neurons convert the whole sum once. The
; ten arrays are loaded one after the other and run in one frame.
;
;             column 0   column 1
;   row 0        g0         g0
;   row 1        g0         g0
;    ...         g0        free
;   row 7        g0        free
;
;   memory    words 0-9 x (the last holds 24 channels), word 10 y
;
;   token     made by    taken by   it says
;   t0        host_in    read       x is in memory
;   t1        write      host_out   y is in memory
;   t2        host_out   host_in    y has left: the words may be used again       (one to begin with)

        .program tall_vmm
        .chip   acortex_digits

        .equ    ROWS, 600
        .equ    WORDS, ROWS /^ 64

        .input  x, shape=600
        .output y, shape=32
        .weights w, 600x32, file="examples.npz", key=tall_vmm_w
        .samples x, file="examples.npz", key=tall_vmm_x

        group   g0, ROWS, 32
        rect    g0, column=0, row=0, height=8
        rect    g0, column=1, row=0, height=2   ; goes on where the one before ended
        program g0, w
        quant   q0, 1, 8, zero=8
        start

        connect g0
        base    d0, 0
        dim     d0, 0, WORDS
        base    d1, WORDS
        signal  host_out, t2
        loop    l0, host
vector: inference l0
        await   host_in, t2
        input   x, d0
        signal  host_in, t0

        layer   product
        await   read, t0
        read    d0
        feed    1, WORDS, tail=ROWS - (WORDS - 1) * 64
        multiply g0, 1
        convert q0, 1
        write   d1
        signal  write, t1
        endlayer

        await   host_out, t1
        output  y, d1
        signal  host_out, t2
        endinference
        next    l0, vector
        halt
