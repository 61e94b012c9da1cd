; Two pools: the largest code under a 3x3 window, stride 2, padding 1; then the mean of all that is left.
;
;   most = the largest of 3x3 pixels, 64 channels of 8 x 8 to 4 x 4
;   mean = round(sum of the 16 pixels of most / 16)
;
; The vector agent pools words as they pass, and keeps the rows above in a store of its own: a window needs no word
; twice. Here the words come from memory; behind `convert ..., to=vector` a pool costs no pass at all.
;
;   memory    words 0-63 the image, 64-79 most, 80 mean
;
;   token     made by    taken by   it says
;   t0        host_in    read       the image is in memory
;   t1        write      read       most is in memory
;   t2        write      host_out   mean is, too
;   t3        host_out   host_in    both have left: the words may be used again   (one to begin with)

        .program pooling
        .chip   acortex_inception

        .equ    SIDE, 8
        .equ    OUT, 4

        .input  x, shape=64x8x8
        .output most, shape=64x4x4
        .output mean, shape=64
        .samples x, file="examples.npz", key=pooling_x

        quant   q0, 1, 0, activation=relu       ; codes as they are; the mean divides by itself
        start

        base    d0, 0
        dim     d0, axis=1, extent=SIDE
        dim     d0, axis=2, extent=SIDE, stride=SIDE
        base    d1, 0
        dim     d1, axis=0, extent=SIDE * SIDE
        base    d2, SIDE * SIDE
        dim     d2, axis=1, extent=OUT
        dim     d2, axis=2, extent=OUT, stride=OUT
        base    d3, SIDE * SIDE + OUT * OUT
        window  w0, 3, 3, SIDE, stride_y=2, stride_x=2
        border  w0, OUT, OUT, top=1, left=1
        window  w1, OUT, OUT, OUT
        border  w1, 1, 1                        ; one position, over all

        signal  host_out, t3
        loop    l0, host
image:  inference l0
        await   host_in, t3
        input   x, d1
        signal  host_in, t0

        layer   most
        await   read, t0
        read    d1, to=vector
        pool    d0, w0, q0, mode=max
        write   d2, source=vector
        signal  write, t1

        layer   mean
        await   read, t1
        read    d2, to=vector
        pool    d2, w1, q0, mode=average
        write   d3, source=vector
        signal  write, t2
        endlayer

        await   host_out, t2
        output  most, d2
        output  mean, d3
        signal  host_out, t3
        endinference
        next    l0, image
        halt
