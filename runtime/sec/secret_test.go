package sec_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

func TestSecretsAreRedactedInLogsAndRevealedToActions(t *testing.T) {
	seen := ""
	registry := saga.NewRegistry()
	registry.Register(nil,
		saga.NewActionFunc("make", func(saga.ActionContext) (saga.Secret[string], error) {
			return saga.NewSecret("token-4111"), nil
		}, nil),
		saga.NewActionFunc("use", func(ctx saga.ActionContext) (string, error) {
			token, err := saga.Lookup[saga.Secret[string]](ctx, "token")
			seen = token.Reveal()
			return "used " + token.String(), err
		}, nil))
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c, err := sec.New(sec.Config{
		Registry: registry, Logger: logger, Observer: sec.SlogObserver{Logger: logger, Payloads: true},
	})
	require.NoError(t, err)
	require.NoError(t, c.Start())
	dag := withParams(saga.NewDAGBuilder("secretive").
		Append(saga.ActionNode("token", "make", "make")).
		Append(saga.ActionNode("used", "use", "use")))
	_, outputs, err := run(t, c, dag)
	require.NoError(t, err)
	require.NoError(t, c.Stop(context.Background()))
	assert.Equal(t, "token-4111", seen)
	assert.Equal(t, `"used [redacted]"`, string(outputs.Saga()))
	assert.NotContains(t, out.String(), "4111")
	assert.Contains(t, out.String(), `payload="\"[redacted]\""`)
}
