        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        .if     1
        start
        halt
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
        .endif
