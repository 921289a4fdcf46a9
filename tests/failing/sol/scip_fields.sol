solution status: optimal solution found
objective value:    -4
x    4 	(obj:-1)
y 0.5
