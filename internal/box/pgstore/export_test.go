package pgstore

// NoSync returns options whose store takes databases that forget: the control of the durability
// tests.
func NoSync(o Options) Options {
	o.noSync = true
	return o
}

// Sized returns options whose store is told how large its databases are.
func Sized(o Options, size func() uint64) Options {
	o.size = size
	return o
}
