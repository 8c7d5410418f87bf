"""Chapter 03: experiments and claims."""
