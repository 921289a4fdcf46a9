solution status: optimal solution found
objective value:    unknown
x    4 	(obj:-1)
y    0.5 	(obj:0)
