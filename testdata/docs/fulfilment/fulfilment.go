// Package fulfilment has the examples of docs/directives.md for constants and
// subsagas.
package fulfilment

// Provision asks for a cluster of two servers.
//
//saga:dag provision
//saga:constant image value=defaultImage
//saga:constant limits value=limits
//saga:subsaga first dag=server params=plan
//saga:subsaga second dag=server params=plan
//saga:append image limits
//saga:append plan
//saga:append first second
//saga:append join
type Provision struct{ Owner string }

const defaultImage = "debian-13"

func limits() map[string]int { return map[string]int{"cpu": 4} }

// ServerPlan describes a server.
//
//saga:dag server
//saga:append address disk
//saga:append boot
type ServerPlan struct {
	Image string
	CPUs  int
}

// Server is a running server.
type Server struct{ Address string }

//saga:do plan noundo
func plan(image string, limits map[string]int) (ServerPlan, error) {
	return ServerPlan{Image: image, CPUs: limits["cpu"]}, nil
}

//saga:do address noundo
func address() (string, error) { return "10.0.0.1", nil }

//saga:do disk noundo
func disk(plan ServerPlan) (int, error) { return plan.CPUs, nil }

//saga:do boot noundo
func boot(plan ServerPlan, address string, disk int) (Server, error) {
	return Server{Address: address}, nil
}

//saga:do join noundo
func join(first, second Server) ([]Server, error) { return []Server{first, second}, nil }
