; An LSTM layer, 16 inputs and 64 cells, over a sequence of six steps.
;
;   i, f, o = sigmoid, g = tanh, of [x, h, bias] @ w;  c = f * c + i * g;  h = o * tanh(c)
;
; A step is a product, four words of gates, and one instruction. The matrix has 64 columns for each of i, f, o and g;
; `convert` codes three words with the quantiser of a sigmoid and every fourth with that of a tanh. The codes go to the
; vector agent, which holds c, in 16 bits, in its state store, and gives h, in 4 bits, to memory, where the next step
; reads it.
;
; The codes of h have their zero at 8. Rows 0-63 of the matrix are x, of which 16 count, rows 64-127 h, row 128 the
; biases, whose input is the fill, 8 too. Therefore the first step, when there is no h yet, feeds the word of x alone:
; what fills up its vector is an h of nothing but zeros.
;
;   memory    words 0-5 the sequence, word 6 h
;
;   token     made by    taken by   it says
;   t0        host_in    read       the sequence is in memory
;   t1        write      read       h is in memory
;   t2        read       write      h has been read: its word is free
;   t3        write      host_out   the last h is in memory
;   t4        host_out   host_in    it has left: the words may be used again      (one to begin with)

        .program lstm_step
        .chip   acortex_gnmt

        .equ    STEPS, 6
        .equ    IN, 16
        .equ    CELLS, 64
        .equ    ROWS, 64 + CELLS + 1
        .equ    ZERO, 8                         ; the code of an h of 0, and the input of the biases

        .input  x, shape=16x1x6                 ; channels x height x width: a word a step
        .output h, shape=64
        .weights w, 129x256, file="examples.npz", key=lstm_step_w, macs=(IN + CELLS) * 4 * CELLS
        .samples x, file="examples.npz", key=lstm_step_x

        group   g0, ROWS, 4 * CELLS
        rect    g0, column=0, row=0, height=3, width=4
        program g0, w

        quant   q0, 1, 1, activation=sigmoid    ; a sum of 128 is an argument of 1; the code 15 stands for 1
        quant   q1, 1, 1, zero=ZERO, low=1, activation=tanh ; 7 codes either way of 8
        quant   q2, 15292, 30, zero=ZERO, low=1 ; of h: 15 * 32767 stands for 1, and becomes 7 codes above 8
        start

        connect g0
        base    d1, STEPS
        base    d2, 0
        dim     d2, 0, STEPS
        signal  host_out, t4
        loop    l0, host
sequence:
        inference l0
        await   host_in, t4
        input   x, d2
        signal  host_in, t0

        layer   lstm                                    ; the first step: no h, no c
        await   read, t0
        base    d0, 0
        read    d0
        feed    1, 1, fill=ZERO
        multiply g0, 1
        convert q0, 1, to=vector, then=q1, every=4      ; i, f and o with q0, g with q1
        lstm    q2, q1, words=1, state=0, first=yes
        write   d1, source=vector

        loop    l1, STEPS - 1
step:   base    d0, 1, by=l1, stride=1
        signal  write, t1                       ; the h of the step before is in memory
        read    d0                              ; x of this step needs not wait for it
        await   read, t1
        read    d1
        signal  read, t2
        feed    1, 2, fill=ZERO
        multiply g0, 1
        convert q0, 1, to=vector, then=q1, every=4
        lstm    q2, q1, words=1, state=0
        await   write, t2
        write   d1, source=vector
        next    l1, step
        signal  write, t3
        endlayer

        await   host_out, t3
        output  h, d1
        signal  host_out, t4
        endinference
        next    l0, sequence
        halt
