object 76f002d1504ff2896a23072c14a4aa16ebbdb254
type commit
tag expired
tagger Test <test@rosin.test> 1795286360 +0000

of expired
-----BEGIN PGP SIGNATURE-----

iIkEABYIADEWIQTcDIb+nCJx8yVMAgwRRIEve5BfJQUCawHlVhMcZXhwaXJlZEBy
b3Npbi50ZXN0AAoJEBFEgS97kF8lSWkA/1cU1Ti8FvFrTtzCBdBLFevVmLgtsH6i
ZeiVYWAWfBKWAPwKEfWMwerW9dXouBHV97+dp+Dv9SD9xziLxvIxn9tzDQ==
=1hOG
-----END PGP SIGNATURE-----
