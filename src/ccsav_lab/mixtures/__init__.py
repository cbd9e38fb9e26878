"""Several sounds at once: clips of known sounds added up, with every parameter in the table.

`mix_sounds` mixes the clips of any dataset; `mixture_parts` gives the sounds of a mixture one by
one; `by_class` sorts a parameter of the sounds by class. The named datasets are in `tasks`.
"""

from .mixing import by_class, mix_sounds, mixture_parts

__all__ = ["by_class", "mix_sounds", "mixture_parts"]
