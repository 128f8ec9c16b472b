object 4eace6491e970341c9178a0de11e60dff812cd4a
type commit
tag curve
tagger Test <test@rosin.test> 1795286359 +0000

of curve
-----BEGIN PGP SIGNATURE-----

iIcEABYIAC8WIQSNdwiHZQnNltEUaSvn7B+0flydQAUCawHlVxEcY3VydmVAcm9z
aW4udGVzdAAKCRDn7B+0flydQN61AP40p8pwfGewz87BBv39EoawzGTxLi8BY1W/
3rVgvd6pmwD/ZXiIzesnQ07wn5qnqUzUuBHzFhOWmlupAqZFKxX8vgU=
=v+lO
-----END PGP SIGNATURE-----
