//go:build tools

// Package engine names the Pulumi command line as a dependency, so that `go build` can make it from the module proxy.
package engine

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
