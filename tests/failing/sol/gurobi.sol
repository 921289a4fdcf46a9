# Objective value = -4
x 4
