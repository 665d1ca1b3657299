package not_exported

import _ "github.com/sagagen/sagagen/testdata/diagnostics/not_exported/lodging"

// Order asks for a parcel.
//
//saga:dag order
//saga:constant region value=lodging.region
//saga:constant secret value=lodging.Secret
//saga:subsaga stay dag=lodging.stay params=first
//saga:append first=lodging.book last=lodging.leave region secret
//saga:append second=lodging.pay
//saga:append third=lodging.check fourth=lodging.plan
//saga:append stay
type Order struct{ Item string }
