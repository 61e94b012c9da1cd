; A pair of layers, 64 to 64 to 32, an inference apart: in turn i of the loop the arrays do the first layer of inference
; i, and then the second one of inference i - 1.
;
; An agent takes its instructions in order. Were both layers of one inference to follow each other, the read agent would
; wait for the first one's result, all the way through arrays, neurons and memory, before it could fetch anything else.
; Here it fetches the next vector meanwhile.
;
; `lag` gives inference i - 1 a register of its own, l1: for `inference`, so that reports and traces count each layer to
; the inference that it is of, and for `by`, so that streams go through their rings with it. In turn 0 there is no
; inference before: `lag` goes on at `begun` then. Behind the loop the second layer of the last inference is left.
;
;   memory    words 0-3 a ring of x, words 4-7 a ring of what lies between the layers, words 8-11 a ring of y
;
;   token     made by    taken by   it says
;   t0        host_in    read       an x is in memory
;   t1        read       host_in    an x has been read: its place is free         (four to begin with)
;   t2        write      read       a result of the first layer is in memory
;   t3        read       write      it has been read: its place is free           (four to begin with)
;   t4        write      host_out   a y is in memory
;   t5        host_out   write      a y has left: its place is free               (four to begin with)

        .program pipelined_pair
        .chip   acortex_digits

        .equ    PLACES, 4
        .equ    X, 0
        .equ    BETWEEN, X + PLACES
        .equ    Y, BETWEEN + PLACES
        .name   this, l0                        ; the inference of the first layer: the turn
        .name   before, l1                      ; the inference of the second layer

        .input  x, shape=64
        .output y, shape=32
        .weights a, 64x64, file="examples.npz", key=vmm_w
        .weights b, 64x32, file="examples.npz", key=pipeline_b
        .samples x, file="examples.npz", key=in_flight_x

        .macro  first_layer index
        inference \index
        base    d0, X, by=\index, stride=1, ring=PLACES
        base    d1, BETWEEN, by=\index, stride=1, ring=PLACES
        await   host_in, t1
        input   x, d0
        signal  host_in, t0
        layer   first
        await   read, t0
        read    d0
        signal  read, t1
        feed    1, 1
        multiply g0, 1
        convert q0, 1
        await   write, t3
        write   d1
        signal  write, t2
        endlayer
        endinference
        .endm

        .macro  second_layer index
        inference \index
        base    d2, BETWEEN, by=\index, stride=1, ring=PLACES
        base    d3, Y, by=\index, stride=1, ring=PLACES
        layer   second
        await   read, t2
        read    d2
        signal  read, t3
        feed    1, 1
        multiply g1, 1
        convert q1, 1
        await   write, t5
        write   d3
        signal  write, t4
        endlayer
        await   host_out, t4
        output  y, d3
        signal  host_out, t5
        endinference
        .endm

        group   g0, 64, 64
        rect    g0, column=0, row=0
        program g0, a
        group   g1, 64, 32
        rect    g1, column=1, row=0
        program g1, b
        quant   q0, 1, 6, zero=8
        quant   q1, 1, 7, zero=8
        start

        connect g0
        connect g1
        loop    l2, PLACES                      ; all places are free
free:   signal  read, t1
        signal  read, t3
        signal  host_out, t5
        next    l2, free

        loop    this, host
turn:   first_layer this
        lag     before, this, 1, begun          ; this - 1; in turn 0 there is none
        second_layer before
begun:  next    this, turn
        second_layer this                       ; of the last inference
        halt
