// Package directory is who is in a network: genesis, descriptors, the signed document of each
// epoch, and the schedule and the votes by which it is made. It turns bytes into checked values,
// and votes into documents.
//
// It has more files than other packages, because one canonical spelling and one set of labels stand
// under all that is signed, and nobody else may use them. What can do without is below: query, the
// conversation on a link, and follow, which document is needed when.
//
// It opens no socket, reads no clock and touches no disk, and must not know what documents are used
// for.
package directory
