; Adds two vectors: y = min(a + b, 15), 256 codes each.
;
; The vector agent sits at main memory. One operand comes through the read agent, the other through the operand agent,
; each with a queue of its own; sums go back through the write agent. No word crosses the bus to the arrays.
;
;   memory    words 0-3 a, 4-7 b, 8-11 y
;
;   token     made by    taken by   it says
;   t0        host_in    read       a and b are in memory
;   t1        host_in    operand    the same, to the other agent
;   t2        write      host_out   y is in memory
;   t3        host_out   host_in    y has left: the words may be used again      (one to begin with)

        .program vector_add
        .chip   acortex_digits

        .equ    WORDS, 256 / 64

        .input  a, shape=256
        .input  b, shape=256
        .output y, shape=256
        .samples a, file="examples.npz", key=vector_add_a
        .samples b, file="examples.npz", key=vector_add_b

        quant   q0, 1, 0, activation=relu       ; y = 1 * a + 1 * b, held below 16
        quant   q1, 1, 0, activation=relu       ; of which only the factor of b is used
        start

        base    d0, 0                           ; streams do not change, so they are set once
        dim     d0, 0, WORDS
        base    d1, WORDS
        dim     d1, 0, WORDS
        base    d2, 2 * WORDS
        dim     d2, 0, WORDS

        signal  host_out, t3
        loop    l0, host
pair:   inference l0
        await   host_in, t3
        input   a, d0
        input   b, d1
        signal  host_in, t0
        signal  host_in, t1

        layer   sum
        await   read, t0
        await   operand, t1
        read    d0, to=vector
        operand d1
        add     q0, q1, WORDS
        write   d2, source=vector
        signal  write, t2
        endlayer

        await   host_out, t2
        output  y, d2
        signal  host_out, t3
        endinference
        next    l0, pair
        halt
