.equ ROWS,6
.equ WORDS,ROWS/^4
.input x,shape=6
group g0,ROWS,2
start
base  d0, 0
loop  l0, host
vector: inference l0
input x, d0
read  d0
  dim d0, 0, WORDS
next  l0, vector
  halt
