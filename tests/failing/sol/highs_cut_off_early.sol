Model status
Optimal
