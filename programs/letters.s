; Letters of 4 x 4 pixels on memristors: 16 binary pixels, 10 hidden neurons, 4 outputs.
;
; The network is the one of the two passive 20 x 20 crossbars in Bavandpour et al. 2018 (Fig. 4). With a bias row each,
; its layers have 17 x 10 and 11 x 4 weights; a weight is a pair of cells, so they take (170 + 44) x 2 = 428 cells.
; The hidden layer's 17 x 20 cells fill a crossbar of the paper but for three rows. An array of this chip has 64 x 64
; cells: each layer lies in a corner of one.
;
;   hidden = clip(relu(round(HIDDEN_MULTIPLIER / 2^SHIFT * [pixels, HIDDEN_FILL] @ hidden_w)), 0, 15)
;   scores = clip(round(OUTPUT_MULTIPLIER / 2^SHIFT * [hidden, OUTPUT_FILL] @ output_w) + OUTPUT_ZERO, 0, 15)
;
; The last row of each matrix holds the biases, and its input is a constant: the code with which `feed` fills the
; channels that the pixels, or the hidden codes, leave over.
;
; What is in memory: word 0 holds the image, word 1 the hidden codes, words 2 to 4 scores in a ring.
;
;   token    made by    taken by   it says
;   t0       host_in    read       an image is in memory
;   t1       read       host_in    an image has been read: its word is free       (it is to begin with)
;   t2       write      read       the hidden codes are in memory
;   t3       write      host_out   the scores are in memory
;   t4       host_out   write      scores have left: their word is free           (three to begin with)

        .program letters
        .chip   acortex_letters

        .equ    PIXELS, 4 * 4
        .equ    HIDDEN, 10
        .equ    LETTERS, 4

        .equ    HIDDEN_MULTIPLIER, 109          ; these six go with the weights: letters.npz has them too
        .equ    HIDDEN_FILL, 2
        .equ    OUTPUT_MULTIPLIER, 15
        .equ    OUTPUT_FILL, 2
        .equ    OUTPUT_ZERO, 7
        .equ    SHIFT, 8

        .equ    IMAGE, 0                        ; the memory map
        .equ    HIDDEN_CODES, 1
        .equ    SCORES, 2
        .equ    SCORES_PLACES, 3

        .input  image, shape=16|4x4, encode=binary
        .output scores, shape=4
        .weights hidden_w, 17x10, file="letters.npz", key=hidden, macs=PIXELS * HIDDEN
        .weights output_w, 11x4, file="letters.npz", key=output, macs=HIDDEN * LETTERS
        .samples image, file="letters.npz", key=images
        .labels file="letters.npz", key=labels

; Set-up: two groups of one array, their weights, the quantisers --------------------------------------------------------

        group   g0, PIXELS + 1, HIDDEN
        rect    g0, column=0, row=0, height=1
        program g0, hidden_w

        group   g1, HIDDEN + 1, LETTERS
        rect    g1, column=1, row=0, height=1
        program g1, output_w

        quant   q0, HIDDEN_MULTIPLIER, SHIFT, activation=relu
        quant   q1, OUTPUT_MULTIPLIER, SHIFT, zero=OUTPUT_ZERO
        start

; The run --------------------------------------------------------------------------------------------------------------

        connect g0
        connect g1

        signal  read, t1                        ; the word of an image is free
        signal  host_out, t4                    ; and so are the three of scores
        signal  host_out, t4
        signal  host_out, t4

        loop    l0, host                        ; as often as the host has an image
letter: inference l0
        base    d0, IMAGE                       ; a stream without axes is one word
        base    d1, HIDDEN_CODES
        base    d2, SCORES, by=l0, stride=1, ring=SCORES_PLACES

        await   host_in, t1
        input   image, d0
        signal  host_in, t0

        layer   hidden
        await   read, t0
        read    d0
        signal  read, t1
        feed    1, 1, tail=PIXELS, fill=HIDDEN_FILL
        multiply g0, 1
        convert q0, 1
        write   d1
        signal  write, t2

        layer   output
        await   read, t2
        read    d1
        feed    1, 1, tail=HIDDEN, fill=OUTPUT_FILL
        multiply g1, 1
        convert q1, 1
        await   write, t4                       ; the scores three inferences ago have left
        write   d2
        signal  write, t3
        endlayer

        await   host_out, t3
        output  scores, d2
        signal  host_out, t4
        endinference
        next    l0, letter
        halt
