Optimal - objective value -4.00000000
      0 x     4    -1
      1 ÿ   0.5  0
