        .program stuck
        .chip acortex_digits
        .input x, shape=64x4x4
        .output y, shape=64x4x4
        quant q0, 1, 0, activation=relu
        start
        base d0, 0
        dim d0, 0, 16
        base d1, 16
        dim d1, 0, 16
        loop l0, host
again:  inference l0
        input x, d0
        signal host_in, t0
        await read, t0
        read d0, to=vector
        signal read, t3
        await write, t3
        requant q0, 16
        write d1, source=vector
        signal write, t1
        await host_out, t1
        output y, d1
        signal host_out, t2
        await host_in, t2
        endinference
        next l0, again
        halt
