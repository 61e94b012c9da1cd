; Two layers that overlap: 1x1 convolutions of 32 to 64 to 32 channels over 8 x 8 pixels, row by row.
;
; The second layer could wait until the first has done the whole image. Here it follows one row behind: each turn of the
; loop does row r + 1 of the first layer and row r of the second. While the array works on one row, the read agent
; fetches the next, of the other layer, and the write agent brings the one before to memory. Only two rows of what
; lies between the layers are ever in memory, a ring.
;
;   memory    words 0-63 x, 64-79 the ring of two rows, 80-143 y
;
;   token     made by    taken by   it says
;   t0        host_in    read       x is in memory
;   t1        write      read       a row of the ring is in memory
;   t2        read       write      a row of the ring has been read: its place is free    (two to begin with)
;   t3        write      host_out   y is in memory
;   t4        host_out   host_in    y has left: the words may be used again       (one to begin with)
;
; Order matters within an agent: if `await read, t1` stood before the read of the next row of x, nothing would overlap.

        .program pipeline
        .chip   acortex_inception

        .equ    SIDE, 8
        .equ    X, 0
        .equ    RING, SIDE * SIDE
        .equ    Y, RING + 2 * SIDE

        .input  x, shape=32x8x8
        .output y, shape=32x8x8
        .weights a, 32x64, file="examples.npz", key=pipeline_a
        .weights b, 64x32, file="examples.npz", key=pipeline_b
        .samples x, file="examples.npz", key=pipeline_x

        group   g0, 32, 64
        rect    g0, column=0, row=0
        program g0, a
        group   g1, 64, 32
        rect    g1, column=1, row=0
        program g1, b
        quant   q0, 1, 5, activation=relu
        quant   q1, 1, 6, zero=8
        start

        connect g0
        connect g1
        base    d4, X
        dim     d4, 0, SIDE * SIDE
        base    d5, Y
        dim     d5, 0, SIDE * SIDE
        signal  read, t2                        ; both rows of the ring are free
        signal  read, t2
        signal  host_out, t4

        loop    l0, host
image:  inference l0
        await   host_in, t4
        input   x, d4
        signal  host_in, t0
        await   read, t0

        layer   first                           ; its row 0, which nothing overlaps
        base    d0, X
        dim     d0, 0, SIDE
        base    d1, RING
        dim     d1, 0, SIDE
        read    d0
        feed    SIDE, 1, tail=32
        multiply g0, SIDE
        convert q0, SIDE
        await   write, t2
        write   d1
        signal  write, t1

        loop    l1, SIDE - 1
row:    layer   first                           ; row r + 1
        base    d0, X + SIDE, by=l1, stride=SIDE
        dim     d0, 0, SIDE
        base    d1, RING + SIDE, by=l1, stride=-SIDE, ring=2
        dim     d1, 0, SIDE
        read    d0
        feed    SIDE, 1, tail=32
        multiply g0, SIDE
        convert q0, SIDE
        await   write, t2
        write   d1
        layer   second                          ; row r
        base    d2, RING, by=l1, stride=SIDE, ring=2
        dim     d2, 0, SIDE
        base    d3, Y, by=l1, stride=SIDE
        dim     d3, 0, SIDE
        await   read, t1
        signal  write, t1                       ; row r + 1, for the next turn
        read    d2
        signal  read, t2
        feed    SIDE, 1
        multiply g1, SIDE
        convert q1, SIDE
        write   d3
        next    l1, row

        base    d2, RING + SIDE                 ; the second layer's last row, 7, in the odd place
        dim     d2, 0, SIDE
        base    d3, Y + (SIDE - 1) * SIDE
        dim     d3, 0, SIDE
        await   read, t1
        read    d2
        signal  read, t2
        feed    SIDE, 1
        multiply g1, SIDE
        convert q1, SIDE
        write   d3
        signal  write, t3
        endlayer

        await   host_out, t3
        output  y, d5
        signal  host_out, t4
        endinference
        next    l0, image
        halt
