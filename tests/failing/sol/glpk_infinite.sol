s mip 1 2 o -4
i 1 1.5
j 1 4
j 2 1e999
e o f
