NAME mipc_1 FREE
ROWS
 N obj
 L above2_0
 L above2_1
 L below2_0
 L below2_1
 L phase2_0
 L phase2_1
 L margin_0
 L over_0
 L over_1
 L under_0
 L under_1
COLUMNS
 x_0 above2_0 1.0
 x_0 above2_1 0.5
 x_0 below2_0 -1.0
 x_0 below2_1 -0.5
 x_0 margin_0 1.0
 x_0 over_0 1.0
 x_0 under_0 -1.0
 x_1 above2_0 -1.0
 x_1 above2_1 -2.0
 x_1 below2_0 1.0
 x_1 below2_1 2.0
 x_1 margin_0 1.0
 x_1 over_1 1.0
 x_1 under_1 -1.0
 y2_0 above2_0 -1.0
 y2_0 below2_0 1.0
 y2_0 phase2_0 1.0
 y2_0 margin_0 -0.5
 y2_1 above2_1 -1.0
 y2_1 below2_1 1.0
 y2_1 phase2_1 1.0
 y2_1 margin_0 -1.25
 a2_0 below2_0 0.5000000000000335
 a2_0 phase2_0 -0.5000000000000335
 a2_1 below2_1 0.8750000000000335
 a2_1 phase2_1 -0.3750000000000335
 margin_0 margin_0 1.0
 distance_0 obj 1.0
 distance_0 over_0 -1.0
 distance_0 over_1 -1.0
 distance_0 under_0 -1.0
 distance_0 under_1 -1.0
RHS
 rhs above2_1 -0.5
 rhs below2_0 0.5000000000000336
 rhs below2_1 1.3750000000000338
 rhs margin_0 -0.22499999999993228
 rhs over_0 0.5
 rhs over_1 0.5
 rhs under_0 -0.5
 rhs under_1 -0.5
BOUNDS
 LO bnd x_0 0.25
 UP bnd x_0 0.75
 LO bnd x_1 0.25
 UP bnd x_1 0.75
 LO bnd y2_0 0.0
 UP bnd y2_0 0.5000000000000335
 LO bnd y2_1 0.0
 UP bnd y2_1 0.3750000000000335
 BV bnd a2_0
 BV bnd a2_1
 LO bnd margin_0 -0.000030517578125
 UP bnd margin_0 2.0
 LO bnd distance_0 0.0
 UP bnd distance_0 0.25000000000000006
ENDATA
