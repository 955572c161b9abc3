"""Pure readers: the text a tool or file gave -> values. They never raise and never invent; what is not said is left out."""
