Optimal - objective value nan
      0 x     4    -1
      1 y   0.5  0
