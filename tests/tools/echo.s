; One word from the host into memory and back: the smallest run that has events, waits and a layer.
        .program echo
        .chip acortex_digits
        .input  x, shape=64
        .output y, shape=64
        start
        base    d0, 0
        dim     d0, axis=0, extent=1
        loop    l0, host
each:   inference l0
        layer   copy
        input   x, d0
        signal  host_in, t0
        await   host_out, t0
        output  y, d0
        endlayer
        next    l0, each
        halt
