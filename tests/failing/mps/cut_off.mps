NAME m FREE
ROWS
 N obj
 L cap
COLUMNS
 x obj -1.0
 x cap 2.0
 y cap 1.0
RHS
 rhs cap 5.0
BOUNDS
 LO bnd x 0.0
 UP bnd x 4.0
 BV bnd y
