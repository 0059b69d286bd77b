//go:build !linux

package snap

// onLargePages leaves a table as it is: other systems choose their pages themselves.
func onLargePages[T any](table []T) []T { return table }
