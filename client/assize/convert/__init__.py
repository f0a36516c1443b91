"""Between the records of `assize.model` and the messages of `assize.v1`, both ways.

Client and service use the same functions. Reading a message checks only its structure (a choice
that is not made, say) and raises `InvalidFields` with every fault found; whether the values are
within bounds is for the service to say.
"""
