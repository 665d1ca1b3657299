package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// generateCases returns the cases that compare sagagen with Go's own commands,
// for the same packages.
func generateCases() []benchCase {
	return []benchCase{
		{name: "generate/one", unit: milliseconds, short: true, setup: generating(1)},
		{name: "generate/twenty", unit: milliseconds, setup: generating(20)},
	}
}

// generatedSource is a package with one saga and the imports of a typical
// service. %d is the number of the package.
const generatedSource = `package orders%d

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"
)

// Order has the parameters.
//
//saga:dag order
//saga:append payment
//saga:append parcel mail
//saga:append receipt
type Order struct{ Article string }

type Payment struct{ Number string }

type Parcel struct{ Label string }

type Mail struct{ To string }

type Shop struct {
	Client *http.Client
	DB     *pgx.Conn
	RPC    *grpc.ClientConn
}

//saga:do payment
func (s *Shop) charge(ctx context.Context, order Order) (Payment, error) { return Payment{order.Article}, ctx.Err() }

//saga:undo payment
func (s *Shop) refund(ctx context.Context, payment Payment) error { return ctx.Err() }

//saga:do parcel
func (s *Shop) pack(ctx context.Context, payment Payment) (Parcel, error) { return Parcel{payment.Number}, nil }

//saga:undo parcel
func (s *Shop) unpack(ctx context.Context, parcel Parcel) error { return nil }

//saga:do mail noundo
func (s *Shop) write(ctx context.Context, order Order) (Mail, error) { return Mail{order.Article}, nil }

//saga:do receipt noundo
func receipt(parcel Parcel, mail Mail) (string, error) { return parcel.Label + mail.To, nil }
`

// edit is appended to each package before each command, so the command has to
// load the package again. %d is a number that grows.
const edit = `
func edited() int { return %d }
`

// module is a module of such packages in a temporary directory, with the binary
// of sagagen that is measured.
type module struct {
	folder  string
	sagagen string
	sources []string // the files of the packages
	edits   int
}

// generating returns a setup of a module for which sagagen has run once.
func generating(packages int) setupFunc {
	return func(ctx context.Context, env *environment, _ int) (session, error) {
		folder, err := os.MkdirTemp(env.folder, "module")
		if err != nil {
			return nil, err
		}
		m := &module{folder: folder, sagagen: filepath.Join(folder, "sagagen")}
		if err := m.create(ctx, packages); err != nil {
			return nil, errors.Join(err, m.close())
		}
		return m, nil
	}
}

// create creates the module. It has the requirements of the bench module, which
// must be the module of the current directory.
func (m *module) create(ctx context.Context, packages int) error {
	const path = "github.com/sagagen/sagagen"
	if _, err := m.run(ctx, ".", "go", "build", "-o", m.sagagen, path+"/cmd/sagagen"); err != nil {
		return err
	}
	folders, err := m.run(ctx, ".", "go", "list", "-m", "-f", "{{.Dir}}", path+"/bench", path)
	if err != nil {
		return err
	}
	bench, main, _ := strings.Cut(strings.TrimSpace(folders), "\n")
	text, err := os.ReadFile(filepath.Join(bench, "go.mod"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(m.folder, "go.mod"), text, 0o644); err != nil {
		return err
	}
	_, err = m.run(ctx, m.folder, "go", "mod", "edit", "-module", "example.com/orders",
		"-replace", path+"="+main, "-droptool", path+"/cmd/sagagen")
	if err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(bench, "go.sum"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(m.folder, "go.sum"), sums, 0o644); err != nil {
		return err
	}
	for n := range packages {
		source := filepath.Join(m.folder, fmt.Sprintf("orders%d", n), "orders.go")
		if err := os.Mkdir(filepath.Dir(source), 0o755); err != nil {
			return err
		}
		m.sources = append(m.sources, source)
	}
	if err := m.edit(); err != nil {
		return err
	}
	_, err = m.run(ctx, m.folder, m.sagagen, "./...")
	return err
}

// edit changes a function in every package.
func (m *module) edit() error {
	m.edits++
	for n, source := range m.sources {
		if err := os.WriteFile(source, fmt.Appendf(nil, generatedSource+edit, n, m.edits), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (m *module) close() error { return os.RemoveAll(m.folder) }

// measure measures each command once, after an edit. It returns an error if a
// command fails, or if sagagen doesn't write the same files again.
func (m *module) measure(ctx context.Context, _ budget) ([]sample, error) {
	commands := []struct {
		part string
		args []string
	}{
		{"sagagen", []string{m.sagagen, "./..."}},
		{"go-list", []string{"go", "list", "-export", "-deps", "./..."}},
		{"go-vet", []string{"go", "vet", "./..."}},
		{"go-build", []string{"go", "build", "./..."}},
	}
	var samples []sample
	for _, command := range commands {
		// Run it once before the edit, so that dependencies are compiled and
		// files are cached.
		if _, err := m.run(ctx, m.folder, command.args...); err != nil {
			return nil, err
		}
		if err := m.edit(); err != nil {
			return nil, err
		}
		start := time.Now()
		if _, err := m.run(ctx, m.folder, command.args...); err != nil {
			return nil, err
		}
		samples = append(samples, sample{part: command.part, value: inMilliseconds(time.Since(start)), use: noUsage})
	}
	return samples, m.checkRegenerates(ctx)
}

// checkRegenerates returns an error unless sagagen writes a removed file again,
// byte for byte.
func (m *module) checkRegenerates(ctx context.Context) error {
	for _, source := range m.sources {
		folder := filepath.Dir(source)
		generated := filepath.Join(folder, filepath.Base(folder)+"_saga_gen.go")
		before, err := os.ReadFile(generated)
		if err != nil {
			return err
		}
		if err := os.Remove(generated); err != nil {
			return err
		}
		if _, err := m.run(ctx, folder, m.sagagen); err != nil {
			return err
		}
		if after, err := os.ReadFile(generated); err != nil || !bytes.Equal(before, after) {
			return errors.Join(fmt.Errorf("%s differs from the file before it was removed", generated), err)
		}
	}
	return nil
}

// run runs a command in a directory and returns its standard output.
func (m *module) run(ctx context.Context, folder string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, args[0], args[1:]...)
	command.Dir = folder
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), nil
}
