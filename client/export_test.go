package client

// Names that only the tests of this package use.
var ErrGenesis = errGenesis
var ErrHomeTaken = errHomeTaken
