package durable

// Names that only the tests of this package use.
var OpenMarkFile = openMarkFile
