; The product of vmm.s with several inferences in flight: the same layer, three to four times as many vectors a second.
;
; Every inference has words of its own, out of rings of four. An agent goes on to the next inference as soon as its part
; of this one is done: the host brings x of one while the array works on another and y of a third leaves. Tokens say
; which places hold something, and which are free.
;
;   memory    words 0-3 a ring of x, words 4-7 a ring of y
;
;   token     made by    taken by   it says
;   t0        host_in    read       an x is in memory
;   t1        read       host_in    an x has been read: its place is free         (four to begin with)
;   t2        write      host_out   a y is in memory
;   t3        host_out   write      a y has left: its place is free               (four to begin with)

        .program in_flight
        .chip   acortex_digits

        .equ    PLACES, 4

        .input  x, shape=64
        .output y, shape=64
        .weights w, 64x64, file="examples.npz", key=vmm_w
        .samples x, file="examples.npz", key=in_flight_x

        group   g0, 64, 64
        rect    g0, column=0, row=0
        program g0, w
        quant   q0, 1, 6, zero=8
        start

        connect g0
        loop    l1, PLACES                      ; all places are free
free:   signal  read, t1
        signal  host_out, t3
        next    l1, free

        loop    l0, host
vector: inference l0
        base    d0, 0, by=l0, stride=1, ring=PLACES
        base    d1, PLACES, by=l0, stride=1, ring=PLACES
        await   host_in, t1
        input   x, d0
        signal  host_in, t0

        layer   product
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

        await   host_out, t2
        output  y, d1
        signal  host_out, t3
        endinference
        next    l0, vector
        halt
