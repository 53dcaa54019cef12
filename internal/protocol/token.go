package protocol

// Numbers and labels of blind write tokens (docs/token.md).
const (
	// MostTokens is the most that one batch has.
	MostTokens = 256
	// BatchUnit is what batches are whole multiples of.
	BatchUnit = 8
	// TokenElement is the size of one element of a batch in bytes.
	TokenElement = 32
	// TokenProof is the size of the proof behind an answer in bytes.
	TokenProof = 64
	// QuestionHead is what stands before the elements of a client's question: day 4, holder 32 and
	// count 2 bytes.
	QuestionHead = 4 + 32 + 2

	TokenLabel     = "murmuration/token/v1"
	TokenSeedLabel = "murmuration/token/seed/v1"
)
