// Hand-written, in spite of its name.

package output_not_generated
