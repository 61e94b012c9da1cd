; Handwritten digits: 784 binary pixels, 64 hidden neurons, 10 outputs.
;
; The network is the one of the 180-nm chip in Bavandpour et al. 2018 (Fig. 5), with weights that
; acortex.programs.training.digits trained. Each layer is one product of a vector and a matrix:
;
;   hidden = clip(relu(round(HIDDEN_MULTIPLIER / 2^HIDDEN_SHIFT * [pixels, HIDDEN_FILL] @ hidden_w)), 0, 15)
;   scores = clip(round(OUTPUT_MULTIPLIER / 2^OUTPUT_SHIFT * [hidden, OUTPUT_FILL] @ output_w) + OUTPUT_ZERO, 0, 15)
;
; The last row of each matrix holds the biases, and its input is a constant: the code with which `feed` fills the rows
; that the pixels leave over.
;
; Where the weights are. A matrix is cut into arrays of 64 x 64. hidden_w has 785 rows, 13 arrays on top of each other:
; eight fill column 0, five more the upper half of column 1, and the analog buses join them all. output_w has 65 rows,
; two arrays, in the lower half of column 1. The two groups share no piece of a bus, so both stay connected.
;
;             column 0   column 1
;   row 0        g0         g0
;    ...         g0         g0        upper half (rows 0 to 4)
;   row 4        g0         g0
;   - - - - - - - - - - - - - - -
;   row 5        g0         g1
;   row 6        g0         g1        lower half (rows 5 to 7)
;   row 7        g0         free
;
; What is in memory. 19 of the 32 words are in use:
;
;   words    what                                       places   stream
;   0-12     the image, 13 words                        1        d0
;   13       the hidden codes, 64 in one word           1        d1
;   14-18    the scores, 10 in one word                 ring     d2
;                                                       of 5
;
; One place for an image is enough, and faster than two: the next image comes in after this one has been read, while the
; arrays are at work. With two places it comes in while this one is read. Host and reads then share the memory's one
; port, the host's writes go first, and the arrays wait for the reads.
;
; The tokens. Agents run at the same time; tokens order those that touch the same word.
;
;   token    made by    taken by   it says
;   t0       host_in    read       an image is in memory
;   t1       read       host_in    an image has been read: its place is free      (it is to begin with)
;   t2       write      read       the hidden codes are in memory
;   t3       write      host_out   the scores are in memory
;   t4       host_out   write      scores have left: their place is free          (five to begin with)
;
; The one word of the hidden codes needs no token to say that it is free: they are read before the next image is, as
; both reads stand in the same queue, and only from that image can the next hidden codes come.

        .program digits_mlp
        .chip   acortex_digits

        .equ    PIXELS, 28 * 28
        .equ    HIDDEN, 64
        .equ    CLASSES, 10
        .equ    CHANNELS, 64                    ; of a word of memory

        .equ    HIDDEN_MULTIPLIER, 5            ; these seven go with the weights: digits_mlp.npz has them too
        .equ    HIDDEN_SHIFT, 5
        .equ    HIDDEN_FILL, 5
        .equ    OUTPUT_MULTIPLIER, 3
        .equ    OUTPUT_SHIFT, 7
        .equ    OUTPUT_ZERO, 5                  ; the code of a sum of 0: there is room for 5 below it and 10 above
        .equ    OUTPUT_FILL, 15

        .equ    IMAGE_WORDS, PIXELS /^ CHANNELS ; the last one is not full
        .equ    IMAGE_TAIL, PIXELS - (IMAGE_WORDS - 1) * CHANNELS ; channels of an image's last word
        .equ    SCORES_PLACES, 5

        .equ    IMAGES, 0                       ; the memory map
        .equ    HIDDEN_CODES, IMAGES + IMAGE_WORDS
        .equ    SCORES, HIDDEN_CODES + 1

        .input  image, shape=784|28x28|1x28x28, encode=binary
        .output scores, shape=10
        .weights hidden_w, 785x64, file="digits_mlp.npz", key=hidden, macs=PIXELS * HIDDEN
        .weights output_w, 65x10, file="digits_mlp.npz", key=output, macs=HIDDEN * CLASSES
        .samples image, file="digits_mlp.npz", key=images
        .labels file="digits_mlp.npz", key=labels

; Set-up: the groups, their weights, the quantisers --------------------------------------------------------------------

        group   g0, PIXELS + 1, HIDDEN
        rect    g0, column=0, row=0, height=8
        rect    g0, column=1, row=0, height=5   ; goes on where the rectangle before ended
        program g0, hidden_w

        group   g1, HIDDEN + 1, CLASSES
        rect    g1, column=1, row=5, height=2
        program g1, output_w

        quant   q0, HIDDEN_MULTIPLIER, HIDDEN_SHIFT, activation=relu
        quant   q1, OUTPUT_MULTIPLIER, OUTPUT_SHIFT, zero=OUTPUT_ZERO
        start

; The run --------------------------------------------------------------------------------------------------------------

        connect g0
        connect g1

        signal  read, t1                        ; the place for an image is free
        signal  host_out, t4                    ; and so are the five for scores
        signal  host_out, t4
        signal  host_out, t4
        signal  host_out, t4
        signal  host_out, t4

        loop    l0, host                        ; as often as the host has an image
digit:  inference l0
        base    d0, IMAGES
        dim     d0, axis=0, extent=IMAGE_WORDS
        base    d1, HIDDEN_CODES                ; a stream without axes is one word
        base    d2, SCORES, by=l0, stride=1, ring=SCORES_PLACES

        await   host_in, t1                     ; the image before has been read
        input   image, d0
        signal  host_in, t0

        layer   hidden
        await   read, t0
        read    d0
        signal  read, t1
        feed    1, IMAGE_WORDS, tail=IMAGE_TAIL, fill=HIDDEN_FILL
        multiply g0, 1
        convert q0, 1
        write   d1
        signal  write, t2

        layer   output
        await   read, t2
        read    d1
        feed    1, 1, fill=OUTPUT_FILL          ; the codes fill their word; the second array sees nothing but the bias
        multiply g1, 1
        convert q1, 1
        await   write, t4                       ; the scores five inferences ago have left
        write   d2
        signal  write, t3
        endlayer

        await   host_out, t3
        output  scores, d2
        signal  host_out, t4
        endinference
        next    l0, digit
        halt
