; A convolution: 16 channels of 9 x 9 pixels, a 3x3 kernel, stride 2, padding 1: 32 channels of 5 x 5.
;
;   y = clip(relu(round(sum over taps and channels of x * w / 2^5)), 0, 15)
;
; `fetch` and `slide` move the same window over the image: one reads from memory only what a position has new, the other
; makes the vectors. They know the border, so that no case of it stands in the program. The 9 taps of 16 channels lie
; without a gap (dense=yes): 144 rows, three arrays on top of each other, where nine taps with a word of their own would
; take nine.
;
;   memory    words 0-80 the image, a word a pixel; words 81-105 y, the same
;
;   token     made by    taken by   it says
;   t0        host_in    read       the image is in memory
;   t1        write      host_out   y is in memory
;   t2        host_out   host_in    y has left: the words may be used again       (one to begin with)

        .program conv3x3
        .chip   acortex_inception

        .equ    SIDE, 9                         ; of the image
        .equ    OUT, 5                          ; of y: (9 + 2 * 1 - 3) / 2 + 1
        .equ    CHANNELS, 16

        .input  x, shape=16x9x9
        .output y, shape=32x5x5
        .weights w, 144x32, file="examples.npz", key=conv3x3_w
        .samples x, file="examples.npz", key=conv3x3_x

        group   g0, 9 * CHANNELS, 32
        rect    g0, column=0, row=0, height=3
        program g0, w
        quant   q0, 1, 5, activation=relu
        start

        connect g0
        base    d0, 0
        dim     d0, axis=1, extent=SIDE, stride=1       ; an image: axis 1 its columns, axis 2 its rows
        dim     d0, axis=2, extent=SIDE, stride=SIDE
        base    d1, 0
        dim     d1, axis=0, extent=SIDE * SIDE          ; the same words as the host gives them
        base    d2, SIDE * SIDE
        dim     d2, axis=0, extent=OUT * OUT
        window  w0, 3, 3, SIDE, stride_y=2, stride_x=2
        border  w0, OUT, OUT, top=1, left=1             ; positions, and the padding before the first pixel

        signal  host_out, t2
        loop    l0, host
image:  inference l0
        await   host_in, t2
        input   x, d1
        signal  host_in, t0

        layer   convolution
        await   read, t0
        fetch   d0, w0
        slide   d0, w0, tail=CHANNELS, dense=yes
        multiply g0, OUT * OUT
        convert q0, OUT * OUT
        write   d2
        signal  write, t1
        endlayer

        await   host_out, t1
        output  y, d2
        signal  host_out, t2
        endinference
        next    l0, image
        halt
