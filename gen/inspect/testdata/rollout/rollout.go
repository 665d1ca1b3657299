// Package rollout declares a saga with 40 nodes to test large pictures.
package rollout

// Rollout holds the parameters for a cluster in three zones.
//
//saga:dag rollout
//saga:constant image value=baseImage
//saga:node plan
//saga:node image
//saga:node quota after=plan
//saga:node network after=plan
//saga:node certificate after=plan
//saga:node subnet-a=subnet after=network
//saga:node gateway-a=gateway after=subnet-a
//saga:node disk1-a=disk after=quota
//saga:node disk2-a=disk after=quota
//saga:node machine1-a=machine after=image,subnet-a,disk1-a
//saga:node machine2-a=machine after=image,subnet-a,disk2-a
//saga:node zone-a=zone after=gateway-a,machine1-a,machine2-a
//saga:node check-a=check after=zone-a
//saga:node balancer-a=balancer after=zone-a,certificate
//saga:node record-a=record after=balancer-a
//saga:node alarm-a=alarm after=zone-a
//saga:node subnet-b=subnet after=network
//saga:node gateway-b=gateway after=subnet-b
//saga:node disk1-b=disk after=quota
//saga:node disk2-b=disk after=quota
//saga:node machine1-b=machine after=image,subnet-b,disk1-b
//saga:node machine2-b=machine after=image,subnet-b,disk2-b
//saga:node zone-b=zone after=gateway-b,machine1-b,machine2-b
//saga:node check-b=check after=zone-b
//saga:node balancer-b=balancer after=zone-b,certificate
//saga:node record-b=record after=balancer-b
//saga:node alarm-b=alarm after=zone-b
//saga:node subnet-c=subnet after=network
//saga:node gateway-c=gateway after=subnet-c
//saga:node disk1-c=disk after=quota
//saga:node disk2-c=disk after=quota
//saga:node machine1-c=machine after=image,subnet-c,disk1-c
//saga:node machine2-c=machine after=image,subnet-c,disk2-c
//saga:node zone-c=zone after=gateway-c,machine1-c,machine2-c
//saga:node check-c=check after=zone-c
//saga:node balancer-c=balancer after=zone-c,certificate
//saga:node record-c=record after=balancer-c
//saga:node alarm-c=alarm after=zone-c
//saga:node route after=record-a,record-b,record-c
//saga:node announce after=route,check-a,alarm-a,check-b,alarm-b,check-c,alarm-c
type Rollout struct{ Name string }

// Image is the disk image of machines.
type Image string

const baseImage Image = "debian-13"

// The outputs of the actions.
type (
	Plan        struct{ ID string }
	Quota       struct{ ID string }
	Network     struct{ ID string }
	Certificate struct{ ID string }
	Subnet      struct{ ID string }
	Gateway     struct{ ID string }
	Disk        struct{ ID string }
	Machine     struct{ ID string }
	Zone        struct{ ID string }
	Balancer    struct{ ID string }
	Record      struct{ ID string }
	Alarm       struct{ ID string }
)

//saga:do plan noundo
func doPlan(rollout Rollout) (Plan, error) { return Plan{}, nil }

//saga:do quota
func doQuota(plan Plan) (Quota, error) { return Quota{}, nil }

//saga:undo quota
func undoQuota(quota Quota) error { return nil }

//saga:do network timeout=2m
func doNetwork(plan Plan) (Network, error) { return Network{}, nil }

//saga:undo network
func undoNetwork(network *Network) error { return nil }

//saga:do certificate label="Ask for a certificate" timeout=1h attempts=11 backoff=30s
func doCertificate(plan Plan) (Certificate, error) { return Certificate{}, nil }

//saga:undo certificate
func undoCertificate(certificate Certificate) error { return nil }

//saga:do subnet
func doSubnet(network Network, plan Plan) (Subnet, error) { return Subnet{}, nil }

//saga:undo subnet
func undoSubnet(subnet Subnet) error { return nil }

//saga:do gateway
func doGateway(subnet Subnet) (Gateway, error) { return Gateway{}, nil }

//saga:undo gateway
func undoGateway(gateway Gateway) error { return nil }

//saga:do disk attempts=4 limit=10
func doDisk(plan Plan, quota Quota) (Disk, error) { return Disk{}, nil }

//saga:undo disk
func undoDisk(disk Disk) error { return nil }

//saga:do machine timeout=5m limit=4
func doMachine(image Image, subnet Subnet, disk Disk) (Machine, error) { return Machine{}, nil }

//saga:undo machine attempts=21
func undoMachine(machine *Machine) error { return nil }

//saga:do zone
func doZone(gateway Gateway) (Zone, error) { return Zone{}, nil }

//saga:undo zone
func undoZone(zone Zone) error { return nil }

//saga:do check noundo timeout=30s
func doCheck(zone Zone) error { return nil }

//saga:do balancer
func doBalancer(zone Zone, certificate Certificate) (Balancer, error) { return Balancer{}, nil }

//saga:undo balancer
func undoBalancer(balancer Balancer) error { return nil }

//saga:do record
func doRecord(balancer Balancer) (Record, error) { return Record{}, nil }

//saga:undo record
func undoRecord(record Record) error { return nil }

//saga:do alarm
func doAlarm(zone Zone) (Alarm, error) { return Alarm{}, nil }

//saga:undo alarm
func undoAlarm(alarm Alarm) error { return nil }

//saga:do route
func doRoute(rollout Rollout) ([]Record, error) { return []Record{}, nil }

//saga:undo route
func undoRoute(route []Record) error { return nil }

//saga:do announce noundo
func doAnnounce(rollout Rollout) (map[string]Zone, error) { return map[string]Zone{}, nil }
