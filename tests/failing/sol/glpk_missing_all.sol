s mip 1 999999999 o -4
e o f
