package attack

// Names that only the tests of this package use.
var Churn = churn
var LabelWindows = labelWindows
var Online = online
