s mip 1 99999999999 o -4
i 1 1.5
j 1 4
j 2 0.5
e o f
