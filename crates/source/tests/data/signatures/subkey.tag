object aa6bf1b73b9179325166ea133eae59a487e0b82e
type commit
tag subkey
tagger Test <test@rosin.test> 1795286360 +0000

of subkey
-----BEGIN PGP SIGNATURE-----

iIgEABYIADAWIQTJr42FG6d4jobkaIeq1C0l16L9KQUCawHlWBIcc3Via2V5QHJv
c2luLnRlc3QACgkQqtQtJdei/Sk07AEA1a//rqgjjgvWHjZjVERp/lCINKVQymfn
sLV5rNxKhHkBANBNiXaM5btnAK0psISw8o6RAVxS5RTzX5rmF3ZTEIkP
=VTrh
-----END PGP SIGNATURE-----
