"""The one way a command of the stack ends badly: a sentence that says what is wrong and what to do about it."""


class StackError(Exception):
    """What went wrong, and the remedy on a line of its own."""

    def __init__(self, problem, remedy=""):
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy

    def __str__(self):
        return f"{self.problem}\n  remedy: {self.remedy}" if self.remedy else self.problem
