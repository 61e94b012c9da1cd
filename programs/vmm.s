; One product of a vector and a matrix: y = clip(round(x @ w / 2^6) + 8, 0, 15), 64 inputs, 64 outputs, one array.
;
; The way of a word: main memory, the bus down, the buffer, the latches of the array, its frame, the neurons, the bus up,
; main memory. One agent at a time has something to do: compare in_flight.s, which keeps them all at work.
;
;   memory    word 0 x, word 1 y
;
;   token     made by    taken by   it says
;   t0        host_in    read       x is in memory
;   t1        write      host_out   y is in memory
;   t2        host_out   host_in    y has left: both words may be used again      (one to begin with)

        .program vmm
        .chip   acortex_digits

        .input  x, shape=64
        .output y, shape=64
        .weights w, 64x64, file="examples.npz", key=vmm_w
        .samples x, file="examples.npz", key=vmm_x

        group   g0, 64, 64
        rect    g0, column=0, row=0             ; one array
        program g0, w
        quant   q0, 1, 6, zero=8                ; a sum of 0 has the code 8
        start

        connect g0
        base    d0, 0
        base    d1, 1
        signal  host_out, t2
        loop    l0, host
vector: inference l0
        await   host_in, t2
        input   x, d0
        signal  host_in, t0

        layer   product
        await   read, t0
        read    d0
        feed    1, 1                            ; one vector of one word
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
