solution status: optimal solution found
objective value:    -4
x    4 	(obj:-1)
x    0.5 	(obj:0)
