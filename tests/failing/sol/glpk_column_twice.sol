s mip 1 2 o -4
i 1 1.5
j 1 4
j 1 0.5
e o f
