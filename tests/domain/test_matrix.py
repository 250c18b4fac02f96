"""How a matrix unrolls."""

from solstice.domain.matrix import Matrix, same_value, unroll

FRUIT = (("fruit", ("apple", "pear")), ("animal", ("cat", "dog")))


def rows(matrix: Matrix) -> list[dict[str, object]]:
    unrolled = unroll(matrix, 256)
    assert unrolled is not None
    return [dict(combination) for combination in unrolled]


def test_the_first_axis_turns_slowest() -> None:
    assert rows(Matrix(FRUIT)) == [
        {"fruit": "apple", "animal": "cat"},
        {"fruit": "apple", "animal": "dog"},
        {"fruit": "pear", "animal": "cat"},
        {"fruit": "pear", "animal": "dog"},
    ]


def test_an_exclude_takes_away_all_it_agrees_with() -> None:
    assert rows(Matrix(FRUIT, exclude=((("animal", "cat"),), (("fruit", "pear"), ("animal", "dog"))))) == [
        {"fruit": "apple", "animal": "dog"}
    ]


def test_includes_extend_replace_what_was_added_and_stand_alone_as_on_github() -> None:
    include = (
        (("color", "green"),),
        (("color", "pink"), ("animal", "cat")),
        (("fruit", "apple"), ("shape", "circle")),
        (("fruit", "banana"),),
        (("fruit", "banana"), ("animal", "cat")),
    )
    assert rows(Matrix(FRUIT, include=include)) == [
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "pear", "animal": "dog", "color": "green"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]


def test_includes_alone_are_the_combinations() -> None:
    assert rows(Matrix(include=((("os", "a"),), (("os", "b"),)))) == [{"os": "a"}, {"os": "b"}]


def test_excluded_combinations_come_back_only_by_an_include_that_agrees_with_none() -> None:
    matrix = Matrix((("os", ("a", "b")),), exclude=((("os", "a"),),), include=((("os", "a"), ("x", 1)),))
    assert rows(matrix) == [{"os": "b"}, {"os": "a", "x": 1}]


def test_values_are_told_apart_by_type_as_their_author_does() -> None:
    assert same_value(1, 1.0)
    assert not same_value(1, True)
    assert not same_value("1", 1)
    assert len(rows(Matrix((("a", (1, True, "1")),), exclude=((("a", True),),)))) == 2


def test_more_than_allowed_is_none_and_excludes_count_first() -> None:
    wide = Matrix((("a", tuple(range(20))), ("b", tuple(range(20)))))
    assert unroll(wide, 256) is None
    spared = Matrix(wide.axes, exclude=tuple((("a", number),) for number in range(10)))
    assert len(unroll(spared, 256) or ()) == 200


def test_a_huge_matrix_is_refused_before_any_of_it_is_made() -> None:
    assert unroll(Matrix(tuple((f"a{i}", tuple(range(100))) for i in range(10))), 256) is None
    assert unroll(Matrix(FRUIT, include=((("x", 1),),) * 300), 256) is None


def test_the_names_an_expression_may_ask_for() -> None:
    assert Matrix(FRUIT, include=((("shape", "round"),),)).names == {"fruit", "animal", "shape"}
