Minimize
 obj: - 1.0 x
 + 0.0 y
Subject To
 cap: + 2.0 x
 + 1.0 y <= 5.0
Bounds
 0.0 <= x <= 4.0
Binaries
 y
End
