solution status: optimal solution found
x 4 (obj:-1)
