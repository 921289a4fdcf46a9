Model status
Optimal

# Primal solution values
Feasible
Objective -4
# Columns 2
x 4
y inf
# Rows 0
